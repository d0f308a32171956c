/*
 * The address of an endpoint: where its node says that it is (with or without slashes at its end), and a path. Called wherever another
 * machine is called by a url that a descriptor or network.json names.
 */
export function placeAt(address: string, path: string): string {
  return `${address.replace(/\/+$/, '')}${path}`;
}
