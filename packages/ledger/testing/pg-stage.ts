//! One PostgreSQL for all files of the `pg` stage: started before the first, ended after the last.
import type { TestProject } from 'vitest/node'
import { startTestPostgres } from './start-test-postgres.ts'

declare module 'vitest' {
  interface ProvidedContext {
    postgresUrl: string
  }
}

let server: Awaited<ReturnType<typeof startTestPostgres>> | undefined

/** Vitest calls it before the first file. */
export async function setup(project: TestProject): Promise<void> {
  server = await startTestPostgres()
  project.provide('postgresUrl', server.url)
}

/** Vitest calls it after the last file. */
export const teardown = (): Promise<void> | undefined => server?.stop()
