/** Routes and rules, from the line of a configuration to the bytes of a request, beside what `ip` of iproute2 6.1 sends. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { formatDiagnostic } from '../../../services/shared/config/formatDiagnostic.js';
import { decodeAttributes, decodeMessages } from '../../../services/shared/kernel/netlinkCodec.js';
import {
  decodeRoute,
  encodeRouteAdd,
  encodeRouteRemove,
  isSameRoute,
} from '../../../services/shared/kernel/routeCodec.js';
import { decodeRule, encodeRuleAdd, encodeRuleRemove, ruleKey } from '../../../services/shared/kernel/ruleCodec.js';
import { interpretVrrpConfig } from '../../../services/vrrpd/config/interpret.js';
import type { InstanceConfig } from '../../../services/vrrpd/config/model.js';
import { routeSpec, ruleSpec } from '../../../services/vrrpd/routing/kernelSpec.js';
import { ENVIRONMENT, load } from '../../unit/shared/config/support.js';

interface Golden {
  readonly kind: 'route' | 'rule';
  /** A line of virtual_routes or virtual_rules. */
  readonly config: string;
  /** The command of the same meaning. */
  readonly ip: string;
  /** What that command sent, sequence number and port as zeros; recorded with strace. e0 is interface 3, e1 is 4. */
  readonly add: string;
  /** The same of `ip … del`. */
  readonly remove: string;
}

const GOLDEN: readonly Golden[] = readFileSync(new URL('./routing.jsonl', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as Golden);

const HEADER_BYTES = 12;
const hex = (text: string): Buffer => Buffer.from(text, 'hex');

// linux/rtnetlink.h
const RTA_TABLE = 15;
const RTA_METRICS = 8;
const RTA_MULTIPATH = 9;
const RTA_ENCAP = 22;
const RTAX_CC_ALGO = 16;
/** What a removal need not name: metrics, realms, preference, encapsulation, lifetime. */
const NOT_ASKED = new Set([RTA_METRICS, 11, 20, 21, RTA_ENCAP, 23]);

/** Attributes in the order of their types: their order on the wire has no meaning, nor have the bytes that fill up. */
function attributesOf(bytes: Buffer, offset: number, text: (type: number, value: Buffer) => string): string[] {
  return [...decodeAttributes(bytes, offset)]
    .map(([type, value]) => `${String(type).padStart(2)} ${text(type, value)}`)
    .sort();
}

/** RTA_DST, FRA_DST or FRA_SRC of `default` and `all`, which the prefix length of 0 tells already. */
const EVERYTHING = /^ [12] 0*$/;

const plainText = (_type: number, value: Buffer): string => value.toString('hex');
// The kernel takes the name with and without its end.
const metricText = (type: number, value: Buffer): string =>
  type === RTAX_CC_ALGO ? value.toString().replace(/\0/g, '') : value.toString('hex');

function routeText(type: number, value: Buffer): string {
  if (type === RTA_METRICS) return attributesOf(value, 0, metricText).join(', ');
  if (type === RTA_ENCAP) return attributesOf(value, 0, plainText).join(', ');
  return type === RTA_MULTIPATH ? waysText(value) : plainText(type, value);
}

/** struct rtnexthop, one after the other. */
function waysText(value: Buffer): string {
  const ways: string[] = [];
  for (let at = 0; at < value.length; ) {
    const way = value.subarray(at, at + value.readUInt16LE(at));
    ways.push(`${way.subarray(2, 8).toString('hex')} ${attributesOf(way, 8, plainText).join(', ')}`);
    at += (way.length + 3) & ~3;
  }
  return ways.join('; ');
}

/** What a request says. The number of a table may stand in the header, in an attribute, or in both. */
function said(message: Buffer, kind: Golden['kind']) {
  const [only] = decodeMessages(message);
  assert.ok(only);
  const { payload, type } = only;
  const header = Buffer.from(payload.subarray(0, HEADER_BYTES));
  const table = decodeAttributes(payload, HEADER_BYTES).get(RTA_TABLE)?.readUInt32LE(0) ?? header[4];
  header[4] = 0;
  const attributes = attributesOf(payload, HEADER_BYTES, kind === 'route' ? routeText : plainText);
  return {
    type,
    flags: message.readUInt16LE(6).toString(16),
    header: header.toString('hex'),
    table,
    attributes: attributes.filter((text) => Number(text.slice(0, 2)) !== RTA_TABLE && !EVERYTHING.test(text)),
  };
}

/** What a removal has to say. `ip` leaves scope, type and action open where we name them. */
function saidOfRemoval(message: Buffer, kind: Golden['kind']) {
  const { attributes, header, ...rest } = said(message, kind);
  return {
    ...rest,
    header: `${header.slice(0, 12)}…${header.slice(16)}`,
    attributes: attributes.filter((text) => kind === 'rule' || !NOT_ASKED.has(Number(text.slice(0, 2)))),
  };
}

function instanceWith(block: 'virtual_routes' | 'virtual_rules', line: string): InstanceConfig {
  const addresses = 'virtual_ipaddress {\n10.9.0.100\n}';
  const text = `vrrp_instance V {\ninterface e0\nvirtual_router_id 51\n${addresses}\n${block} {\n${line}\n}\n}\n`;
  const { tree, diagnostics } = load(text);
  const read = tree === undefined ? undefined : interpretVrrpConfig(tree, ENVIRONMENT);
  const [instance] = read?.model?.instances ?? [];
  assert.ok(instance, [...diagnostics, ...(read?.diagnostics ?? [])].map(formatDiagnostic).join('\n'));
  return instance;
}

const lookup = {
  ifindexOf: (name: string) => ({ e0: 3, e1: 4 })[name],
  vrfTableOf: () => undefined,
};

function routeOf(line: string) {
  const [config] = instanceWith('virtual_routes', line).routes;
  assert.ok(config);
  const placed = routeSpec(config, lookup);
  assert.ok(placed.ok);
  return placed.spec;
}

function ruleOf(line: string) {
  const [config] = instanceWith('virtual_rules', line).rules;
  assert.ok(config);
  return ruleSpec(config);
}

describe('requests for routes are those of ip', () => {
  for (const { config, ip, add, remove } of GOLDEN.filter(({ kind }) => kind === 'route')) {
    it(`ip ${ip}`, () => {
      const spec = routeOf(config);
      assert.deepEqual(said(encodeRouteAdd(0, spec), 'route'), said(hex(add), 'route'));
      const [request] = decodeMessages(hex(add));
      const info = request && decodeRoute(request.payload);
      assert.ok(info && isSameRoute(spec, info), 'what ip asked for is our route');
      assert.deepEqual(saidOfRemoval(encodeRouteRemove(0, spec), 'route'), saidOfRemoval(hex(remove), 'route'));
    });
  }
});

describe('requests for rules are those of ip', () => {
  for (const { config, ip, add, remove } of GOLDEN.filter(({ kind }) => kind === 'rule')) {
    it(`ip ${ip}`, () => {
      const spec = ruleOf(config);
      assert.deepEqual(said(encodeRuleAdd(0, spec), 'rule'), said(hex(add), 'rule'));
      const [request] = decodeMessages(hex(add));
      const info = request && decodeRule(request.payload);
      assert.equal(info && ruleKey(info), ruleKey(spec), 'what ip asked for is our rule');
      assert.deepEqual(saidOfRemoval(encodeRuleRemove(0, spec), 'rule'), saidOfRemoval(hex(remove), 'rule'));
    });
  }
});
