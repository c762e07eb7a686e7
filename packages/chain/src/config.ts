//! Length and seed of the package's random tests; the defaults are the short form of every run.

export const testConfig = {
  /** A long run: PLUMB_TWIN_BATCHES=20000 PLUMB_TWIN_SEED=7. */
  twinBatches: Number(process.env['PLUMB_TWIN_BATCHES'] ?? 240),
  twinSeed: Number(process.env['PLUMB_TWIN_SEED'] ?? 1),
}
