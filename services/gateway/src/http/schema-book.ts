//! zod schemas as the JSON Schemas of a document, the named ones gathered as its components.
import { z } from 'zod'

export type Json = Record<string, unknown>

/** Gathers the named schemas of everything converted. */
export class SchemaBook {
  readonly components: Json = {}

  /** JSON Schema of a zod schema; named ones (`meta.id`) become references. */
  of(schema: z.ZodType): Json {
    const {
      $defs,
      $schema: _,
      ...converted
    } = z.toJSONSchema(schema, {
      io: 'input',
      unrepresentable: 'any',
    })
    for (const [name, definition] of Object.entries($defs ?? {}))
      this.components[name] ??= rewrite(definition)
    const name = z.globalRegistry.get(schema)?.id
    if (name === undefined) return rewriteObject(converted)
    this.components[name] ??= rewriteObject(converted)
    return { $ref: `#/components/schemas/${name}` }
  }
}

/** Definitions move to the components of the document; `id` is zod's own and means something else in JSON Schema. */
function rewrite(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(rewrite)
  return isJson(value) ? rewriteObject(value) : value
}

function rewriteObject(value: Json): Json {
  const out: Json = {}
  for (const [key, inner] of Object.entries(value)) {
    if (key === '$ref' && typeof inner === 'string')
      out[key] = inner.replace('#/$defs/', '#/components/schemas/')
    else if (key !== 'id' || typeof inner !== 'string') out[key] = rewrite(inner)
  }
  return out
}

export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null
}
