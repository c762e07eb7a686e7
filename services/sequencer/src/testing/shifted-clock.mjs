//! Preloaded into a process under test: its wall clock is off by what a file says, in ms.
import { readFileSync } from 'node:fs'
import { env } from 'node:process'

const now = Date.now.bind(Date)
let shiftMs = 0
setInterval(() => {
  try {
    shiftMs = Number(readFileSync(env.CLOCK_SHIFT_FILE, 'utf8'))
  } catch {
    // Not shifted.
  }
}, 10).unref()
Date.now = () => now() + shiftMs
