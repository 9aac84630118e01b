/**
 * docs/config.schema.json: JSON Schema (2020-12) of the typed model, from the interfaces of services/*\/config/model.ts and
 * their doc comments, so that it cannot differ from what the services run on.
 */
import ts from 'typescript';

const MODELS = [
  ['vrrpd', 'VrrpConfig'],
  ['healthcheckerd', 'HealthConfig'],
  ['ipvsd', 'IpvsConfig'],
  ['notifierd', 'NotifyConfig'],
] as const;

type Schema = Readonly<Record<string, unknown>>;

/** Types whose JSON form is not that of their members. */
const OPAQUE: Readonly<Record<string, Schema>> = {
  Micros: { type: 'integer', description: 'Microseconds.' },
  IpAddress: { type: 'string', description: 'IP address.', anyOf: [{ format: 'ipv4' }, { format: 'ipv6' }] },
  Uint8Array: { type: 'string', description: 'Text; 0x and hexadecimal digits where it is none.' },
};

export function configSchema(): string {
  const files = MODELS.map(([service]) => `services/${service}/config/model.ts`);
  const program = ts.createProgram(files, {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
    types: [],
  });
  const writer = new SchemaWriter(program.getTypeChecker());
  const properties = MODELS.map(([service, name], index) => {
    const source = program.getSourceFile(files[index] ?? '');
    if (source === undefined) throw new Error(`${files[index]} cannot be read`);
    return [service, writer.ofDeclared(source, name, service)];
  });
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Typed configuration of Keepwatch',
    description: 'What each service runs on, as it follows from a configuration file.',
    type: 'object',
    properties: Object.fromEntries(properties),
    additionalProperties: false,
    $defs: Object.fromEntries([...writer.definitions].sort(([one], [other]) => (one < other ? -1 : 1))),
  };
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}

class SchemaWriter {
  readonly definitions = new Map<string, Schema>();
  readonly #names = new Map<ts.Symbol, string>();
  readonly #checker: ts.TypeChecker;
  #service = '';

  constructor(checker: ts.TypeChecker) {
    this.#checker = checker;
  }

  ofDeclared(source: ts.SourceFile, name: string, service: string): Schema {
    this.#service = service;
    const symbol = this.#checker.getSymbolAtLocation(source)?.exports?.get(name as ts.__String);
    if (symbol === undefined) throw new Error(`${source.fileName} has no ${name}`);
    return this.#of(this.#checker.getDeclaredTypeOfSymbol(symbol));
  }

  #of(type: ts.Type): Schema {
    const symbol = type.aliasSymbol ?? type.getSymbol();
    const opaque = symbol === undefined ? undefined : OPAQUE[symbol.name];
    if (opaque !== undefined) return opaque;
    if (type.isUnion()) return this.#named(type.aliasSymbol, () => this.#union(type));
    if (type.isStringLiteral() || type.isNumberLiteral()) return { const: type.value };
    if (type.flags & ts.TypeFlags.Number) return { type: 'number' };
    if (type.flags & ts.TypeFlags.String) return { type: 'string' };
    if (type.flags & ts.TypeFlags.BooleanLike) return { type: 'boolean' };
    if (this.#checker.isArrayType(type) || this.#checker.isTupleType(type)) {
      const [item] = this.#checker.getTypeArguments(type as ts.TypeReference);
      return { type: 'array', ...(item === undefined ? {} : { items: this.#of(item) }) };
    }
    const named = symbol !== undefined && symbol.name !== '__type' ? symbol : undefined;
    return this.#named(named, () => this.#object(type));
  }

  /** A type with a name goes to $defs; two services may use one name for two types. */
  #named(symbol: ts.Symbol | undefined, build: () => Schema): Schema {
    if (symbol === undefined) return build();
    let name = this.#names.get(symbol);
    if (name === undefined) {
      name = this.definitions.has(symbol.name) ? `${this.#service}.${symbol.name}` : symbol.name;
      this.#names.set(symbol, name);
      this.definitions.set(name, {});
      const doc = docOf(symbol, this.#checker);
      this.definitions.set(name, { ...(doc === '' ? {} : { description: doc }), ...build() });
    }
    return { $ref: `#/$defs/${name}` };
  }

  #union(type: ts.UnionType): Schema {
    const parts = type.types.filter((part) => !(part.flags & ts.TypeFlags.Undefined));
    if (parts.every((part) => part.flags & ts.TypeFlags.BooleanLiteral)) return { type: 'boolean' };
    const literals = parts.flatMap((part) => (part.isStringLiteral() || part.isNumberLiteral() ? [part.value] : []));
    if (literals.length === parts.length) return { enum: literals };
    return { anyOf: parts.map((part) => this.#of(part)) };
  }

  #object(type: ts.Type): Schema {
    const required: string[] = [];
    const properties = this.#checker.getPropertiesOfType(type).map((property) => {
      const optional = (property.flags & ts.SymbolFlags.Optional) !== 0;
      if (!optional) required.push(property.name);
      const of = this.#checker.getTypeOfSymbol(property);
      const schema = this.#of(optional ? this.#checker.getNonNullableType(of) : of);
      const doc = docOf(property, this.#checker);
      return [property.name, doc === '' ? schema : { ...schema, description: doc }];
    });
    return { type: 'object', properties: Object.fromEntries(properties), required, additionalProperties: false };
  }
}

const docOf = (symbol: ts.Symbol, checker: ts.TypeChecker): string =>
  ts
    .displayPartsToString(symbol.getDocumentationComment(checker))
    .replaceAll(/\{@link ([^}]*)\}/g, '$1')
    .replaceAll(/\s*\n\s*/g, ' ');
