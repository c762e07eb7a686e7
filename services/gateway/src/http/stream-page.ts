//! The document of the stream for people: one page, no script, no network.
import { ADDRESS, type StreamDocument } from './async-api.ts'

const style = `
:root{color-scheme:light dark;--line:color-mix(in srgb,currentColor 16%,transparent);--code:color-mix(in srgb,currentColor 7%,transparent)}
body{font:15px/1.55 system-ui,sans-serif;margin:0;display:grid;grid-template-columns:15rem minmax(0,52rem);gap:2.5rem;padding:0 1.5rem;scroll-behavior:smooth}
nav{position:sticky;top:0;align-self:start;max-height:100vh;overflow:auto;padding:1.5rem 0;font-size:14px}
nav h2{font-size:12px;text-transform:uppercase;letter-spacing:.05em;opacity:.65;margin:1.2rem 0 .3rem}
nav a{display:block;padding:1px 0;color:inherit;text-decoration:none}
nav a:hover{text-decoration:underline}
main{padding:1rem 0 4rem}
h2{margin:2.5rem 0 .5rem}
code,pre{font:13px/1.5 ui-monospace,Menlo,Consolas,monospace;background:var(--code);border-radius:5px}
code{padding:1px 4px}
pre{padding:.7rem .9rem;overflow:auto;margin:.5rem 0}
section{border-top:1px solid var(--line);padding:.4rem 0 .8rem}
h3{margin:.8rem 0 .2rem;font:600 16px ui-monospace,Menlo,Consolas,monospace}
p{margin:.3rem 0 .6rem}
details{margin:.4rem 0}
summary{cursor:pointer;opacity:.8}
@media(max-width:50rem){body{display:block}nav{position:static;max-height:none;columns:2}}
`

/** The page of a stream document. */
export function streamPage(document: StreamDocument): string {
  const { channels, components, info } = document
  const messages = Object.values(channels.stream.messages)
  const groups = [
    ['Requests', messages.filter(({ name }) => name.startsWith('request.'))],
    ['Answer', messages.filter(({ name }) => name === 'answer')],
    ['Channels', messages.filter(({ name }) => name.startsWith('event.'))],
  ] as const
  const links = groups.map(
    ([title, of]) =>
      `<h2>${title}</h2>${of.map(({ name, title: shown }) => `<a href="#${escaped(name)}">${escaped(shown)}</a>`).join('')}`,
  )
  const parts = groups.map(([title, of]) => `<h2>${title}</h2>${of.map(section).join('')}`)
  const schemas = Object.entries(components.schemas).map(
    ([name, schema]) =>
      `<details id="schema-${escaped(name)}"><summary>${escaped(name)}</summary>${block(schema)}</details>`,
  )
  const paragraphs = info.description.split('\n').map((line) => `<p>${prose(line)}</p>`)
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Plumb stream</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>${style}</style>
<nav><a href="/docs">REST</a><a href="/">Status</a>${links.join('')}<h2>Objects</h2><a href="#schemas">Schemas</a></nav>
<main><h1>The stream, ${ADDRESS}</h1><p>As a document: <a href="/v1/asyncapi">AsyncAPI 3.0</a>. Every frame shown here is sent to an exchange in a test.</p>
${paragraphs.join('\n')}${parts.join('')}<h2 id="schemas">Schemas</h2>${schemas.join('')}</main></html>`
}

type Message = StreamDocument['channels']['stream']['messages'][string]

function section({ name, title, summary, payload, examples }: Message): string {
  const shown = (examples ?? []).map((example) => block(example.payload))
  return `<section id="${escaped(name)}"><h3>${escaped(title)}</h3><p>${prose(summary ?? '')}</p>
${shown.join('')}<details><summary>Schema</summary>${block(payload)}</details></section>`
}

/** JSON as text, with links to the schemas it names. */
function block(value: unknown): string {
  const text = escaped(JSON.stringify(value, null, 2))
  const linked = text.replaceAll(
    /&quot;#\/components\/schemas\/(\w+)&quot;/g,
    '&quot;<a href="#schema-$1">$1</a>&quot;',
  )
  return `<pre>${linked}</pre>`
}

/** Text in which `ticks` mean code. */
function prose(text: string): string {
  return escaped(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>')
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
