//! Length and seed of the package's random tests; the defaults are the short form of every run.

export const testConfig = {
  /** Batches of each seed, each seed on a chain of its own. A long run: PLUMB_TWIN_SEED=7 PLUMB_TWIN_SEEDS=50. */
  twinBatches: Number(process.env['PLUMB_TWIN_BATCHES'] ?? 2_000),
  twinSeed: Number(process.env['PLUMB_TWIN_SEED'] ?? 1),
  twinSeeds: Number(process.env['PLUMB_TWIN_SEEDS'] ?? 1),
}
