/** The part of reflection that is only loaded when somebody asks. */
import type { CallContext } from 'nice-grpc-common';
import { ServerReflection, ServerReflectionService } from 'nice-grpc-server-reflection';
import { healthDescriptor } from './healthDescriptor.js';

/** The reflection method on raw bytes. */
export type Handler = (requests: AsyncIterable<Buffer>, context: CallContext) => AsyncIterable<Buffer>;

/** Answers reflection requests about `serviceNames` from a FileDescriptorSet, to which the health service is added. */
export function reflectionHandler(descriptorSet: Uint8Array, serviceNames: readonly string[]): Handler {
  const descriptors = Buffer.concat([descriptorSet, healthDescriptor()]);
  const implementation = ServerReflection(descriptors, serviceNames);
  const { requestDeserialize, responseSerialize } = ServerReflectionService.serverReflectionInfo;
  return async function* answer(requests, context) {
    async function* decoded() {
      for await (const bytes of requests) yield requestDeserialize(bytes);
    }
    for await (const response of implementation.serverReflectionInfo(decoded(), context)) {
      yield responseSerialize(response as Parameters<typeof responseSerialize>[0]);
    }
  };
}
