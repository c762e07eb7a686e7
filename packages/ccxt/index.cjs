//! For CommonJS programs: their `require('ccxt')` is another copy of ccxt, with base and error classes of its own.
//! Loads ES modules by `require`, which Node does from 20.19 on.
const ccxt = require('ccxt')
const { createClasses } = require('./dist/create-classes.js')

module.exports = { createClasses, ...createClasses(ccxt) }
