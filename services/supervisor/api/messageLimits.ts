/** How large the requests of each method may be: what is larger is not decoded. */
import type { CompatServiceDefinition } from 'nice-grpc';
import { ruleFor } from './methods.js';

/** Stands in place of a request that is too large, for the guard. */
export class Oversized {
  readonly bytes: number;
  readonly limit: number;

  constructor(bytes: number, limit: number) {
    this.bytes = bytes;
    this.limit = limit;
  }
}

interface Codec {
  decode(bytes: Uint8Array): unknown;
}

/** A generated definition whose requests are decoded within the limits of the methods. */
export function limitMessages<
  Definition extends CompatServiceDefinition & {
    readonly fullName: string;
    readonly methods: Readonly<Record<string, { readonly name: string; readonly requestType: Codec }>>;
  },
>(definition: Definition): Definition {
  const methods = Object.entries(definition.methods).map(([key, method]) => {
    const limit = ruleFor({ service: definition.fullName, method: method.name })?.maxBytes ?? 0;
    const { requestType } = method;
    const decode = (bytes: Uint8Array): unknown =>
      bytes.length > limit ? new Oversized(bytes.length, limit) : requestType.decode(bytes);
    return [key, { ...method, requestType: { ...requestType, decode } }] as const;
  });
  return { ...definition, methods: Object.fromEntries(methods) };
}
