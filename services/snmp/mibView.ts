/** All objects that are served, in the order of a walk. Pure. */
import { compareOids, isBelow, type Oid } from './agentx/oid.js';
import type { ReceivedPdu, SearchRange } from './agentx/pdu.js';
import type { SnmpValue, Varbind } from './agentx/value.js';

const NO_SUCH_INSTANCE: SnmpValue = { type: 'noSuchInstance' };
const NO_SUCH_OBJECT: SnmpValue = { type: 'noSuchObject' };
const END_OF_MIB_VIEW: SnmpValue = { type: 'endOfMibView' };

/** A request to read. */
export type ReadRequest = Extract<ReceivedPdu, { readonly kind: 'get' | 'getNext' | 'getBulk' }>;

export class MibView {
  readonly #objects: readonly Varbind[];

  /** Takes the objects in any order. */
  constructor(objects: readonly Varbind[]) {
    const sorted = objects.every((one, index) => {
      const before = objects[index - 1];
      return before === undefined || compareOids(before.oid, one.oid) < 0;
    });
    this.#objects = sorted ? objects : [...objects].sort((a, b) => compareOids(a.oid, b.oid));
  }

  /** All of them, in order. */
  get objects(): readonly Varbind[] {
    return this.#objects;
  }

  /** The value of one object; undefined: there is none of this name. */
  get(oid: Oid): SnmpValue | undefined {
    const found = this.#objects[this.#firstFrom(oid)];
    return found !== undefined && compareOids(found.oid, oid) === 0 ? found.value : undefined;
  }

  /** The answer to a request, in the order RFC 2741 (7.2.3) wants. */
  answer(request: ReadRequest): Varbind[] {
    switch (request.kind) {
      case 'get':
        return request.ranges.map(({ start }) => ({ oid: start, value: this.get(start) ?? this.#absent(start) }));
      case 'getNext':
        return request.ranges.map((range) => this.#next(range));
      case 'getBulk':
        return this.#bulk(request);
    }
  }

  /** A column that some row has is an object, one that nothing is below is none. */
  #absent(oid: Oid): SnmpValue {
    const column = oid.slice(0, -1);
    const near = this.#objects[this.#firstFrom(column)];
    return near !== undefined && isBelow(near.oid, column) ? NO_SUCH_INSTANCE : NO_SUCH_OBJECT;
  }

  #next({ start, include, end }: SearchRange): Varbind {
    let index = this.#firstFrom(start);
    const first = this.#objects[index];
    if (!include && first !== undefined && compareOids(first.oid, start) === 0) index++;
    const found = this.#objects[index];
    const beyond = found === undefined || (end !== undefined && compareOids(found.oid, end) >= 0);
    return beyond ? { oid: start, value: END_OF_MIB_VIEW } : found;
  }

  #bulk({ nonRepeaters, maxRepetitions, ranges }: Extract<ReadRequest, { readonly kind: 'getBulk' }>): Varbind[] {
    const answers = ranges.slice(0, nonRepeaters).map((range) => this.#next(range));
    let repeated = ranges.slice(nonRepeaters);
    for (let turn = 0; turn < maxRepetitions && repeated.length > 0; turn++) {
      const found = repeated.map((range) => this.#next(range));
      answers.push(...found);
      // Once all are at their ends, more of the same says nothing.
      if (found.every(({ value }) => value.type === 'endOfMibView')) break;
      repeated = repeated.map(({ end }, index) => ({ start: found[index]?.oid ?? [], include: false, end }));
    }
    return answers;
  }

  /** Index of the first object that does not come before `oid`. */
  #firstFrom(oid: Oid): number {
    let low = 0;
    let high = this.#objects.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const object = this.#objects[middle];
      if (object !== undefined && compareOids(object.oid, oid) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
