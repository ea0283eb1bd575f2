#!/usr/bin/env node
// This file exists before the build: npm does not link a command whose file is missing.
import '../dist/reader/cli.js'
