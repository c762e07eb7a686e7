import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { processIdentity } from './process-identity.ts'
import { openProcessTable, runningSupervisor } from './process-table.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'plumb-table-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const idle = () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
  const { pid } = child
  if (pid === undefined) throw new Error('no process')
  return { child, pid }
}
const leave = (entry: object) => writeFileSync(join(dir, 'processes.json'), JSON.stringify([entry]))

test('a folder is held by one process at a time', async () => {
  const table = await openProcessTable(dir, () => {})
  expect(runningSupervisor(dir)).toBe(process.pid)
  await expect(openProcessTable(dir, () => {})).rejects.toMatchObject({ code: 'ALREADY_RUNNING' })
  table.release()
  expect(runningSupervisor(dir)).toBeUndefined()
  expect(existsSync(join(dir, 'supervisor.json'))).toBe(false)
})

test('a lock whose holder is gone, or whose pid is another process now, is taken over', async () => {
  for (const identity of ['1@never', `${process.pid}@another start`]) {
    writeFileSync(join(dir, 'supervisor.json'), JSON.stringify({ pid: process.pid, identity }))
    const table = await openProcessTable(dir, () => {})
    table.release()
  }
})

test('what a killed run left behind is stopped and said so', async () => {
  const { child, pid } = idle()
  const ended = new Promise((resolve) => {
    child.once('exit', resolve)
  })
  leave({ name: 'gateway', pid, identity: processIdentity(pid), signal: 'SIGTERM' })
  const said: string[] = []
  const table = await openProcessTable(dir, (line) => said.push(line))
  await ended
  expect(said).toEqual([`stopping what a killed run left behind: gateway (${pid})`])
  table.release()
})

test('a process that only has the pid of a leftover is left alone', async () => {
  const { child, pid } = idle()
  leave({ name: 'gateway', pid, identity: `${pid}@another start`, signal: 'SIGTERM' })
  const table = await openProcessTable(dir, () => {})
  expect(processIdentity(pid)).toBeDefined()
  child.kill('SIGKILL')
  table.release()
})

test('a torn table is nobody’s: the start goes on', async () => {
  writeFileSync(join(dir, 'processes.json'), '[{"name": "gate')
  writeFileSync(join(dir, 'supervisor.json'), '{"pid"')
  const table = await openProcessTable(dir, () => {})
  expect(table.entries).toEqual([])
  table.release()
})
