/*
 * The frame of each docket page: title and content in, a whole document out. One inline style, no script, nothing from elsewhere;
 * the colours are the reader's own, light or dark.
 */
import type { Known } from './known.ts';
import { documentOf, markup, type Markup } from '../../host/http/markup.ts';

export interface Framed {
  readonly title: string;
  /** Where the same is as JSON. */
  readonly json: string;
  readonly content: Markup;
}

/** No custom fonts or colours: what a browser at its safest level shows is what everybody sees. */
const STYLE = markup`
:root { color-scheme: light dark; }
body { font: 1rem/1.5 sans-serif; margin: 0 auto; max-width: 70rem; padding: 1rem; overflow-wrap: anywhere; }
.skip { position: absolute; left: -100rem; }
.skip:focus { position: static; }
nav ul { list-style: none; padding: 0; }
nav li { display: inline; margin-right: 1.5rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 1rem 0; }
caption { text-align: left; font-weight: bold; padding: 0.25rem 0; }
th, td { border: 1px solid GrayText; padding: 0.25rem 0.6rem; text-align: left; vertical-align: top; overflow-wrap: normal; }
tbody th { font-weight: normal; }
dt { font-weight: bold; }
dd { margin: 0 0 0.5rem 1.5rem; }
time { white-space: nowrap; }
pre { overflow-x: auto; border: 1px solid GrayText; padding: 0.5rem; }
.ahead { font-style: italic; }
footer { border-top: 1px solid GrayText; margin-top: 2rem; }
`;

export function framed(known: Known, { title, json, content }: Framed): string {
  return documentOf(markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title} – docket of ${known.authority.name}</title>
<link rel="alternate" type="application/atom+xml" title="Changes of the docket" href="/docket/feed.atom">
<link rel="alternate" type="application/json" href="${json}">
<style>${STYLE}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<nav aria-label="Docket"><ul><li><a href="/docket">All cases</a></li><li><a href="/docket/feed.atom">Feed of changes</a></li></ul></nav>
<main id="content">
<h1>${title}</h1>
${content}</main>
<footer><p>Docket of the authority ${known.authority.name}, network ${known.networkId}. All times are UTC.
<a href="${json}">This page as JSON</a></p></footer>
</body>
</html>
`);
}
