import { constants } from 'node:os';
import { KernelError } from './ports.js';

/** The errno of a code name, undefined for an unknown name. */
export const errnoByName = (code: string): number | undefined =>
  (constants.errno as Readonly<Record<string, number>>)[code];

/** A KernelError as the real adapters would throw it. */
export const fakeError = (operation: string, code: string): KernelError =>
  new KernelError(operation, errnoByName(code) ?? 0, code, 'as the test asked');
