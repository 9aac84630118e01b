/**
 * gRPC server reflection, loaded when the first client asks: its library costs more to load than a service's start may.
 * The method is registered with raw bytes and handed to nice-grpc-server-reflection once that is there.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { unavailable } from './errors.js';
import type { Handler } from './reflectionHandler.js';

/** Both names of the protocol: the messages are the same, older clients (python3-grpcio 1.51) know only the second. */
const REFLECTION_NAMES = ['grpc.reflection.v1.ServerReflection', 'grpc.reflection.v1alpha.ServerReflection'] as const;

/** One gRPC service of raw bytes to register with a nice-grpc server. */
export interface RawService {
  readonly definition: { readonly serverReflectionInfo: ReturnType<typeof rawMethod> };
  readonly implementation: { serverReflectionInfo: Handler };
}

/** The reflection services for the gRPC services named. */
export function reflectionServices(serviceNames: readonly string[]): RawService[] {
  let loading: Promise<Handler> | undefined;
  const handler: Handler = async function* reflect(requests, context) {
    loading ??= load(serviceNames);
    yield* (await loading)(requests, context);
  };
  return REFLECTION_NAMES.map((name) => ({
    definition: { serverReflectionInfo: rawMethod(`/${name}/ServerReflectionInfo`) },
    implementation: { serverReflectionInfo: handler },
  }));
}

function rawMethod(path: string) {
  const same = (bytes: Buffer): Buffer => bytes;
  return {
    path,
    requestStream: true as const,
    responseStream: true as const,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
    options: {},
  };
}

async function load(serviceNames: readonly string[]): Promise<Handler> {
  const { reflectionHandler } = await import('./reflectionHandler.js');
  return reflectionHandler(readFileSync(descriptorFile()), [...serviceNames, REFLECTION_NAMES[0]]);
}

/** The descriptor set the build writes: beside the bundle, or in dist/ when running from sources. */
function descriptorFile(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    for (const candidate of ['proto/keepwatch.binpb', 'dist/proto/keepwatch.binpb']) {
      const file = join(folder, candidate);
      if (existsSync(file)) return file;
    }
    const parent = dirname(folder);
    if (parent === folder) throw unavailable('proto/keepwatch.binpb is not installed: reflection cannot answer');
    folder = parent;
  }
}
