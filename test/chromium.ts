// Real Chromium: Debian's, or whatever CHROMIUM names. Where there is none a test is skipped by name, except in CI.
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type BrowserContext } from 'playwright-core'
import type { Test } from 'tap'

const CANDIDATES = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const executablePath = CANDIDATES.find(path => path !== undefined && existsSync(path))

// Long enough for a busy machine, and shorter than tap's own limit, because this error names what did not come.
const PATIENCE = 100_000

/** What `t.test` takes as its `skip`: false, or the reason. */
export const withoutChromium: false | string = executablePath !== undefined || process.env.CI === 'true'
  ? false
  : 'Chromium is not installed'

/** A browser with a profile of its own, which resolves `hosts` to this machine. */
export async function browser (t: Test, hosts: readonly string[] = [], switches: readonly string[] = []): Promise<BrowserContext> {
  if (executablePath === undefined) throw new Error('Chromium is not installed, and in CI it must be')
  const profile = await mkdtemp(join(tmpdir(), 'chromium-'))
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    ignoreHTTPSErrors: true,
    timeout: PATIENCE,
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage',
      `--host-resolver-rules=${hosts.map(host => `MAP ${host} 127.0.0.1`).join(', ')}`,
      ...switches
    ]
  })
  context.setDefaultTimeout(PATIENCE)
  t.teardown(async () => {
    await context.close()
    // Chromium's helper processes may write for a while after it has exited.
    await rm(profile, { recursive: true, force: true, maxRetries: 20 })
  })
  return context
}
