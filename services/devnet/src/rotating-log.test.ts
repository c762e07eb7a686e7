import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createRotatingLog } from './rotating-log.ts'

test('a log keeps its cap and what came last', () => {
  const dir = mkdtempSync(join(tmpdir(), 'plumb-log-'))
  const path = join(dir, 'x.log')
  const log = createRotatingLog(path, 10)
  for (const text of ['aaaa\n', 'bbbb\n', 'cccc\n', 'dddd\n', 'eeee\n'])
    log.write(Buffer.from(text))
  log.close()
  log.write(Buffer.from('late\n'))
  expect(readFileSync(path, 'utf8')).toBe('eeee\n')
  expect(readFileSync(`${path}.1`, 'utf8')).toBe('cccc\ndddd\n')
  rmSync(dir, { recursive: true })
})
