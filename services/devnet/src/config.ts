//! What the devnet takes from the environment: only what child processes need to run at all.

const passed = ['PATH', 'HOME', 'TMPDIR', 'TZ', 'LANG', 'SYSTEMROOT', 'TEMP', 'TMP']

/** The environment every child starts from. Nothing else of ours leaks into it. */
export const baseEnvironment: Readonly<Record<string, string>> = Object.fromEntries(
  passed.flatMap((key) => {
    const value = process.env[key]
    return value === undefined ? [] : [[key, value]]
  }),
)
