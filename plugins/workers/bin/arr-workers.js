#!/usr/bin/env node
// A file that is there before the build: npm links no command whose file is missing.
import '../dist/control/cli.js'
