declare module 'sodium-native' {
  const sodium: {
    crypto_sign_seed_keypair(publicKey: Buffer, secretKey: Buffer, seed: Buffer): void;
    crypto_sign_detached(signature: Buffer, message: Buffer, secretKey: Buffer): void;
    crypto_sign_verify_detached(signature: Buffer, message: Buffer, publicKey: Buffer): boolean;
    crypto_box_seed_keypair(publicKey: Buffer, secretKey: Buffer, seed: Buffer): void;
    crypto_box_seal(cipher: Buffer, message: Buffer, publicKey: Buffer): void;
    crypto_box_seal_open(message: Buffer, cipher: Buffer, publicKey: Buffer, secretKey: Buffer): boolean;
    crypto_kx_client_session_keys(rx: Buffer, tx: Buffer, pk: Buffer, sk: Buffer, serverPk: Buffer): void;
    crypto_kx_server_session_keys(rx: Buffer, tx: Buffer, pk: Buffer, sk: Buffer, clientPk: Buffer): void;
    crypto_aead_xchacha20poly1305_ietf_encrypt(
      c: Buffer,
      m: Buffer,
      ad: Buffer | null,
      nsec: null,
      nonce: Buffer,
      key: Buffer,
    ): number;
    crypto_aead_xchacha20poly1305_ietf_decrypt(
      m: Buffer,
      nsec: null,
      c: Buffer,
      ad: Buffer | null,
      nonce: Buffer,
      key: Buffer,
    ): number;
    crypto_aead_chacha20poly1305_ietf_encrypt(
      c: Buffer,
      m: Buffer,
      ad: Buffer | null,
      nsec: null,
      nonce: Buffer,
      key: Buffer,
    ): number;
    crypto_aead_chacha20poly1305_ietf_decrypt(
      m: Buffer,
      nsec: null,
      c: Buffer,
      ad: Buffer | null,
      nonce: Buffer,
      key: Buffer,
    ): number;
    crypto_scalarmult(shared: Buffer, secretKey: Buffer, publicKey: Buffer): void;
    crypto_scalarmult_base(publicKey: Buffer, secretKey: Buffer): void;
    crypto_generichash(hash: Buffer, input: Buffer, key?: Buffer): void;
    crypto_sign_ed25519_pk_to_curve25519(x25519: Buffer, ed25519: Buffer): void;
    crypto_sign_ed25519_sk_to_curve25519(x25519: Buffer, ed25519: Buffer): void;
    crypto_pwhash(out: Buffer, password: Buffer, salt: Buffer, ops: number, memory: number, algorithm: number): void;
    crypto_pwhash_OPSLIMIT_INTERACTIVE: number;
    crypto_pwhash_MEMLIMIT_INTERACTIVE: number;
    crypto_pwhash_ALG_ARGON2ID13: number;
    crypto_secretbox_easy(cipher: Buffer, message: Buffer, nonce: Buffer, key: Buffer): void;
    crypto_secretbox_open_easy(message: Buffer, cipher: Buffer, nonce: Buffer, key: Buffer): boolean;
    crypto_secretstream_xchacha20poly1305_init_push(state: Buffer, header: Buffer, key: Buffer): void;
    crypto_secretstream_xchacha20poly1305_push(state: Buffer, c: Buffer, m: Buffer, ad: Buffer | null, tag: number): number;
    crypto_secretstream_xchacha20poly1305_init_pull(state: Buffer, header: Buffer, key: Buffer): void;
    crypto_secretstream_xchacha20poly1305_pull(state: Buffer, m: Buffer, tag: Buffer, c: Buffer, ad: Buffer | null): number;
    crypto_secretstream_xchacha20poly1305_STATEBYTES: number;
    crypto_secretstream_xchacha20poly1305_HEADERBYTES: number;
    crypto_secretstream_xchacha20poly1305_ABYTES: number;
    crypto_secretstream_xchacha20poly1305_TAG_MESSAGE: number;
    crypto_secretstream_xchacha20poly1305_TAG_FINAL: number;
    crypto_box_SEALBYTES: number;
    crypto_aead_xchacha20poly1305_ietf_ABYTES: number;
    sodium_memzero(buffer: Buffer): void;
  };
  export default sodium;
}
