//! `npm start`: installs, builds, runs the whole exchange on this machine.
import { orExit, prepare } from './prepare.mjs'

await orExit(async () => {
  await prepare()
  await import('../dist/main.js')
})
