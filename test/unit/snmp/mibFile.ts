/** Objects of a MIB file by their identifiers: enough of SMIv2 to judge what is served. Not a parser for any MIB. */
import { readFileSync } from 'node:fs';

export interface MibObject {
  readonly name: string;
  /** `Integer32`, `DisplayString`, `INTEGER`, …: without ranges and names of numbers. */
  readonly syntax: string;
  /** The numbers of an enumeration; empty: it is none. */
  readonly numbers: ReadonlySet<number>;
  readonly access: string;
}

const DEFINITION =
  /([a-z][\w-]*)\s+(OBJECT-TYPE|MODULE-IDENTITY|OBJECT IDENTIFIER|NOTIFICATION-TYPE)\s+([\s\S]*?)::=\s*\{\s*([\w-]+)\s+(\d+)\s*\}/g;

/** Reads a file; `roots`: identifiers that it imports. */
export function readMib(file: string, roots: Readonly<Record<string, string>>): ReadonlyMap<string, MibObject> {
  const text = readFileSync(file, 'utf8')
    .replace(/--.*$/gm, '')
    .replace(/"[^"]*"/g, '""');
  const conventions = new Map(
    [...text.matchAll(/([A-Z]\w+)\s*::=\s*TEXTUAL-CONVENTION[\s\S]*?SYNTAX\s+(INTEGER\s*\{[^}]*\}|\w+)/g)].map(
      ([, name = '', syntax = '']) => [name, syntax] as const,
    ),
  );
  let left = [...text.matchAll(DEFINITION)];
  const oids = new Map(Object.entries(roots));
  const objects = new Map<string, MibObject>();
  for (let before = -1; left.length !== before; ) {
    before = left.length;
    left = left.filter(([, name = '', kind, body = '', parent = '', number]) => {
      const above = oids.get(parent);
      if (above === undefined) return true;
      const oid = `${above}.${number}`;
      oids.set(name, oid);
      const written = /SYNTAX\s+([\s\S]*?)\s+(?:UNITS|MAX-ACCESS|ACCESS)/.exec(body)?.[1] ?? '';
      const syntax = conventions.get(written.trim()) ?? written;
      const access = /ACCESS\s+([\w-]+)/.exec(body)?.[1] ?? '';
      const numbers = new Set([...syntax.matchAll(/\w+\s*\((\d+)\)/g)].map(([, value]) => Number(value)));
      if (kind === 'OBJECT-TYPE' || kind === 'NOTIFICATION-TYPE')
        objects.set(oid, { name, syntax: syntax.replace(/[\s({][\s\S]*$/, ''), numbers, access });
      return false;
    });
  }
  return objects;
}
