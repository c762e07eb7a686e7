//! Everything that the sdk exports says what it is.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const folder = fileURLToPath(new URL('.', import.meta.url))
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
  (path) => path.endsWith('.ts') && !/\.test\.ts$|^testing\/|^index\.ts$/.test(path),
)
const isExport = /^export (?:async )?(?:function|class|const|type \w+(?:<.*>)? =)/
/** Methods of classes, and the reads and actions that are properties of an object. */
const isMethod =
  /^ {2}(?:static |async |get )*(?!if|for|while|switch|return|constructor|catch)[a-z]\w*(?:<.*>)?\(.*\{$/
const isRead = /^ {4}[a-z]\w*: (?:async )?\(/

test('every export, public method and read of the sdk has a docstring', () => {
  let seen = 0
  const silent = files.flatMap((path) => {
    const lines = readFileSync(join(folder, path), 'utf8').split('\n')
    return lines.filter((line, i) => {
      const isOfObject = /reads|actions/.test(path) && isRead.test(line)
      const isIn = /^export class/m.test(lines.slice(0, i).join('\n')) && isMethod.test(line)
      if (!isExport.test(line) && !isOfObject && !isIn) return false
      seen += 1
      return !lines[i - 1]?.trim().endsWith('*/')
    })
  })
  expect(silent).toEqual([])
  expect(seen).toBeGreaterThan(150)
})
