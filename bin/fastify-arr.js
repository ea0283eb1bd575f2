#!/usr/bin/env node
// A file that is there before the build: npm links no command whose file is missing.
import module from 'node:module'

// Compiled code is kept for the next start, where Node.js can (22.8 and later).
module.enableCompileCache?.()
await import('../dist/command/cli.js')
