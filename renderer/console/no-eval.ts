import { config } from 'zod'

// The page's policy allows no code from text: zod must not try it, not even to find out. Before any schema is made.
config({ jitless: true })
