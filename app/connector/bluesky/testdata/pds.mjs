// Starts a real Bluesky personal data server (and a PLC directory in memory) for the tests in this folder.
//
//   NODE_ENV=test node app/connector/bluesky/testdata/pds.mjs ui/test/servers
//   OMNIPOSTO_BLUESKY_PDS=<the address it prints> go test ./app/connector/bluesky
//
// The argument is the folder whose node_modules holds @atproto/dev-env. Ends with its standard input.
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const require = createRequire(resolve(process.argv[2] ?? '.', 'package.json'))
const { TestNetworkNoAppView } = await import(pathToFileURL(require.resolve('@atproto/dev-env')))
const network = await TestNetworkNoAppView.create({})
console.log(network.pds.url)
process.stdin.resume()
process.stdin.on('end', () => network.close().finally(() => process.exit(0)))
