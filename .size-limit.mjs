/** What a page pays, gzipped: minified, with all dependencies but those that are loaded when needed. */
export default [
  {
    name: 'createPeer of @parley-rtc/core, with all it needs',
    path: 'packages/core/dist/index.js',
    import: '{ createPeer }',
    gzip: true,
    limit: '32.8 kB',
  },
  {
    name: 'failover and withPresence of @parley-rtc/core/wrappers',
    path: 'packages/core/dist/wrappers/index.js',
    gzip: true,
    limit: '2.5 kB',
  },
  {
    name: '@parley-rtc/core/streams',
    path: 'packages/core/dist/streams.js',
    gzip: true,
    limit: '1 kB',
  },
  {
    name: '@parley-rtc/core/files',
    path: 'packages/core/dist/files/index.js',
    gzip: true,
    limit: '3.1 kB',
  },
  {
    name: '@parley-rtc/core/advice',
    path: 'packages/core/dist/advice/index.js',
    gzip: true,
    limit: '2 kB',
  },
  {
    name: '@parley-rtc/transport-broadcastchannel',
    path: 'packages/transport-broadcastchannel/dist/index.js',
    gzip: true,
    limit: '1 kB',
  },
  {
    name: '@parley-rtc/transport-ws',
    path: 'packages/transport-ws/dist/index.js',
    gzip: true,
    limit: '2 kB',
  },
  {
    // For a page that brings its client; the rest is loaded where a URL is given, and only modules can load modules.
    modifyEsbuildConfig: (config) => ({ ...config, format: 'esm' }),
    name: '@parley-rtc/transport-mqtt, without mqtt',
    path: 'packages/transport-mqtt/dist/index.js',
    ignore: ['mqtt', './own-client-*', './connect-to-*'],
    gzip: true,
    limit: '2 kB',
  },
]
