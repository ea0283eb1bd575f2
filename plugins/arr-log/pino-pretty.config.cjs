// node server.js | npx pino-pretty --config node_modules/@fastify-arr/arr-log/pino-pretty.config.cjs
'use strict'

module.exports = require('./dist/pretty.js').prettyOptions()
