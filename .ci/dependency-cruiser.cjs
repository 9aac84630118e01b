// The import rule of docs/architecture.md, as a check.
const PURE =
  '^services/shared/(net|time|config)/|^services/vrrpd/(packet|fsm|config)/|^services/(healthcheckerd|ipvsd|notifierd)/config/';

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'services-do-not-import-each-other',
      comment: 'Services talk gRPC; what two of them need lives in services/shared.',
      severity: 'error',
      from: { path: '^services/([^/]+)/', pathNot: '^services/shared/' },
      to: { path: '^services/', pathNot: ['^services/$1/', '^services/shared/'] },
    },
    {
      name: 'shared-does-not-import-services',
      severity: 'error',
      from: { path: '^services/shared/' },
      to: { path: '^services/', pathNot: '^services/shared/' },
    },
    {
      name: 'shared-layers',
      comment: 'shared/{rpc,kernel,config,script} build on shared/{net,time,log} only.',
      severity: 'error',
      from: { path: '^services/shared/(rpc|kernel|config|script)/' },
      to: { path: '^services/shared/', pathNot: ['^services/shared/$1/', '^services/shared/(net|time|log)/'] },
    },
    {
      name: 'shared-base-is-a-base',
      severity: 'error',
      from: { path: '^services/shared/(net|time|log)/' },
      to: { path: '^services/shared/', pathNot: '^services/shared/(net|time|log)/' },
    },
    {
      name: 'pure-stays-pure',
      comment:
        'Pure folders do no I/O: no node: modules, no packages with native code. Their few shell files are named node*.ts.',
      severity: 'error',
      from: { path: PURE, pathNot: '/node[A-Z][A-Za-z]*\\.ts$' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'pure-imports-no-native-code',
      severity: 'error',
      from: { path: PURE },
      to: { path: 'node_modules/(koffi|@grpc|nice-grpc|pino|nodemailer)/' },
    },
    {
      name: 'native-code-only-in-kernel',
      comment:
        'One door to native code: services/shared/kernel. ipvsd speaks generic netlink through the netlink package.',
      severity: 'error',
      from: { path: '^(services|cmd)/', pathNot: '^services/shared/kernel/' },
      to: { path: 'node_modules/koffi/' },
    },
    {
      name: 'nothing-imports-commands-or-tests',
      severity: 'error',
      from: { path: '^services/' },
      to: { path: '^(cmd|test)/' },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^services/shared/rpc/generated/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
  },
};
