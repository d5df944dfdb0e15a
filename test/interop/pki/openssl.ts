import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Of a configuration: certificates for an authority of time (`tsa`) and for one above it (`ca`). */
export const TIME_SECTIONS = `
[req]
distinguished_name = dn
prompt = no
[dn]
CN = Test authority
[tsa]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
`

/** A folder to exchange files with the openssl program in. */
export class OpensslFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'countersign-openssl-'))

  file(name: string): string {
    return join(this.path, name)
  }

  write(name: string, content: Uint8Array | string): string {
    writeFileSync(this.file(name), content)
    return this.file(name)
  }

  read(name: string): Uint8Array {
    return new Uint8Array(readFileSync(this.file(name)))
  }

  /** Both outputs; throws with them where openssl refuses. */
  run(...parameters: readonly string[]): string {
    const { status, stdout, stderr } = spawnSync('openssl', parameters, { cwd: this.path, encoding: 'utf8' })
    if (status !== 0) throw new Error(`openssl ${parameters.join(' ')}\n${stdout}${stderr}`)
    return stdout + stderr
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}
