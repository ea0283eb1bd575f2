import globals from 'globals'
import neostandard, { resolveIgnoresFromGitignore } from 'neostandard'

export default [
  ...neostandard({ ts: true, ignores: resolveIgnoresFromGitignore() }),
  // What runs in browsers.
  { files: ['plugins/monitor/page/**/*.js'], languageOptions: { globals: globals.browser } }
]
