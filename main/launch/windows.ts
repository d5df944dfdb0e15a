import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './setup.mjs'

const CHROMIUMS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge']

/** The system's Chromium, or null. */
export function findChromium(): string | null {
  for (const folder of (process.env['PATH'] ?? '').split(':')) {
    for (const name of CHROMIUMS) if (folder !== '' && existsSync(join(folder, name))) return join(folder, name)
  }
  return null
}

export const hasDisplay = (): boolean =>
  process.platform !== 'linux' || Boolean(process.env['DISPLAY'] ?? process.env['WAYLAND_DISPLAY'])

/** The Electron binary where its package could fetch one, or null. Never tries to download. */
export function findElectron(): string | null {
  const dist = join(ROOT, 'node_modules/electron/dist')
  for (const name of ['electron', 'electron.exe', 'Electron.app/Contents/MacOS/Electron'])
    if (existsSync(join(dist, name))) return join(dist, name)
  return null
}

/**
 * Opens an app window of Chromium with a profile of its own. `trustedKey` is the base64 SHA-256 of the server key's
 * SubjectPublicKeyInfo: this window, and no other, takes the demonstration server's certificate for it.
 */
export function openChromium(program: string, url: string, profile: string, trustedKey: string | null): ChildProcess {
  mkdirSync(profile, { recursive: true, mode: 0o700 })
  const flags = [
    '--no-first-run',
    '--no-default-browser-check',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--disable-quic',
    `--user-data-dir=${profile}`,
    '--window-size=1280,832',
  ]
  if (trustedKey !== null) flags.push(`--ignore-certificate-errors-spki-list=${trustedKey}`)
  // Chromium's sandbox refuses to run as root; a person at a desk is not root.
  if (process.getuid?.() === 0) flags.push('--no-sandbox')
  return spawn(program, [...flags, `--app=${url}`], { stdio: 'ignore', detached: process.platform !== 'win32' })
}

/** Opens the built desk in Electron; gives what closes it. */
export function openElectron(program: string, deskConfig: string): () => void {
  const flags = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  const child = spawn(program, [...flags, ROOT, '--config', deskConfig], { stdio: 'ignore' })
  return () => void child.kill()
}
