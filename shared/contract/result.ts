import { z } from 'zod'
import { ERROR_CODES, isErrorCode, type ErrorCode } from './errors.ts'

/** An error as it crosses a process boundary. `id` is what a person quotes; the cause is logged under it and stays inside. */
export const Failure = z.strictObject({
  code: z
    .string()
    .refine(isErrorCode)
    .transform((code) => code as ErrorCode),
  detail: z.record(z.string().max(64), z.union([z.string().max(500), z.number(), z.boolean(), z.null()])),
  id: z.string().max(64),
})
export type Failure = { code: ErrorCode; detail: Record<string, string | number | boolean | null>; id: string }
export type Result<T> = { ok: true; value: T } | { ok: false; error: Failure }

/** problem+json (RFC 9457) as the server answers every error. `type` is `urn:countersign:error:CODE`. */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  code: z.enum(ERROR_CODES as unknown as [ErrorCode, ...ErrorCode[]]),
  detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).optional(),
  instance: z.string(),
})
export type Problem = z.infer<typeof Problem>
