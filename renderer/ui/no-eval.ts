import { config } from 'zod'

/**
 * Schemas are walked, never compiled: the page's content policy forbids making code from text, and zod would try.
 * Import it before anything is parsed.
 */
config({ jitless: true })
