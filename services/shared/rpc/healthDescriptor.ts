/** Descriptor of grpc/health/v1/health.proto, which the health library does not bring, so that reflection can resolve it. */

// google.protobuf.FieldDescriptorProto: Type and Label
const TYPE_ENUM = 14;
const TYPE_STRING = 9;
const LABEL_OPTIONAL = 1;

/** Wire types of the protobuf encoding. */
const VARINT = 0;
const LENGTH_DELIMITED = 2;

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return Buffer.from([...bytes, rest]);
    bytes.push((rest & 0x7f) | 0x80);
  }
}

const bytes = (field: number, content: Buffer): Buffer =>
  Buffer.concat([varint(field * 8 + LENGTH_DELIMITED), varint(content.length), content]);
const text = (field: number, value: string): Buffer => bytes(field, Buffer.from(value));
const nested = (field: number, ...content: Buffer[]): Buffer => bytes(field, Buffer.concat(content));
const number = (field: number, value: number): Buffer => Buffer.concat([varint(field * 8 + VARINT), varint(value)]);

/** A message with one field, numbered 1 (DescriptorProto). */
const message = (name: string, field: readonly Buffer[], ...more: Buffer[]): Buffer =>
  nested(4, text(1, name), nested(2, number(3, 1), number(4, LABEL_OPTIONAL), ...field), ...more);

const method = (name: string, streams: boolean): Buffer =>
  nested(
    2,
    text(1, name),
    text(2, '.grpc.health.v1.HealthCheckRequest'),
    text(3, '.grpc.health.v1.HealthCheckResponse'),
    ...(streams ? [number(6, 1)] : []),
  );

/** The descriptor as one entry of a FileDescriptorSet: append it to the bytes of another set. */
export function healthDescriptor(): Buffer {
  const statuses = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];
  const servingStatus = nested(
    4,
    text(1, 'ServingStatus'),
    ...statuses.map((name, value) => nested(2, text(1, name), number(2, value))),
  );
  return nested(
    1,
    text(1, 'grpc/health/v1/health.proto'),
    text(2, 'grpc.health.v1'),
    message('HealthCheckRequest', [text(1, 'service'), number(5, TYPE_STRING), text(10, 'service')]),
    message(
      'HealthCheckResponse',
      [
        text(1, 'status'),
        number(5, TYPE_ENUM),
        text(6, '.grpc.health.v1.HealthCheckResponse.ServingStatus'),
        text(10, 'status'),
      ],
      servingStatus,
    ),
    nested(6, text(1, 'Health'), method('Check', false), method('Watch', true)),
    text(12, 'proto3'),
  );
}
