/** Descriptor of grpc/health/v1/health.proto, which the health library does not bring, so that reflection can resolve it. */
import { BinaryWriter } from '@bufbuild/protobuf/wire';

/** google.protobuf.FieldDescriptorProto.Type. */
const TYPE_ENUM = 14;
const TYPE_STRING = 9;
const LABEL_OPTIONAL = 1;

type Fill = (writer: BinaryWriter) => void;

const nested = (writer: BinaryWriter, field: number, fill: Fill): void => {
  writer.uint32(field * 8 + 2).fork();
  fill(writer);
  writer.join();
};
const text = (writer: BinaryWriter, field: number, value: string): void => {
  writer.uint32(field * 8 + 2).string(value);
};
const number = (writer: BinaryWriter, field: number, value: number): void => {
  writer.uint32(field * 8).int32(value);
};

/** A message with one field, numbered 1 (DescriptorProto). */
const message = (name: string, field: string, type: number, typeName?: string, more?: Fill): Fill => {
  return (writer) => {
    text(writer, 1, name);
    nested(writer, 2, (inner) => {
      text(inner, 1, field);
      number(inner, 3, 1);
      number(inner, 4, LABEL_OPTIONAL);
      number(inner, 5, type);
      if (typeName !== undefined) text(inner, 6, typeName);
      text(inner, 10, field);
    });
    more?.(writer);
  };
};

const servingStatus: Fill = (writer) =>
  nested(writer, 4, (inner) => {
    text(inner, 1, 'ServingStatus');
    for (const [value, name] of ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'].entries()) {
      nested(inner, 2, (entry) => {
        text(entry, 1, name);
        number(entry, 2, value);
      });
    }
  });

/** The descriptor as one entry of a FileDescriptorSet: append it to the bytes of another set. */
export function healthDescriptor(): Uint8Array {
  const set = new BinaryWriter();
  nested(set, 1, (file) => {
    text(file, 1, 'grpc/health/v1/health.proto');
    text(file, 2, 'grpc.health.v1');
    nested(file, 4, message('HealthCheckRequest', 'service', TYPE_STRING));
    const statusType = '.grpc.health.v1.HealthCheckResponse.ServingStatus';
    nested(file, 4, message('HealthCheckResponse', 'status', TYPE_ENUM, statusType, servingStatus));
    nested(file, 6, (service) => {
      text(service, 1, 'Health');
      for (const [name, streams] of [
        ['Check', 0],
        ['Watch', 1],
      ] as const) {
        nested(service, 2, (method) => {
          text(method, 1, name);
          text(method, 2, '.grpc.health.v1.HealthCheckRequest');
          text(method, 3, '.grpc.health.v1.HealthCheckResponse');
          if (streams === 1) number(method, 6, 1);
        });
      }
    });
    text(file, 12, 'proto3');
  });
  return set.finish();
}
