/** A demonstration instance on disk: everything a start needs, in one folder with relative paths inside. */
export interface DemoInstance {
  folder: string
  serverConfig: string
  deskConfig: string
  serverUrl: string
  caFile: string
  keys: 'hsm' | 'software'
}

export interface DemoChoice {
  folder: string
  port: number | null
  softwareKeys: boolean
  pcsc: boolean
}
