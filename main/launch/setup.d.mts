type Say = (line: string) => void
export declare const ROOT: string
export declare const WINDOWS: boolean
export declare function node24(): string
export declare function toolEnvironment(extra?: Record<string, string>): NodeJS.ProcessEnv
export declare function ensureInstalled(say?: Say): boolean
export declare function ensureBuilt(say?: Say): boolean
export declare const SYSTEM_PARTS: readonly { package: string; found: () => unknown }[]
export declare function missingParts(parts?: typeof SYSTEM_PARTS): string[]
export declare function installCommand(packages: readonly string[]): string
export declare function ensureSystemParts(say?: Say): string[]
