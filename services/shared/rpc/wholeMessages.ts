/**
 * Definitions whose largest messages are encoded as they are. Otherwise each is first copied with everything in it, in case
 * something was left out: with ten thousand real servers half the work of sending. Only their own fields may be left out.
 */
import { ApplyRequest, IpvsServiceDefinition } from './generated/keepwatch/v1/ipvs.js';
import {
  LifecycleServiceDefinition,
  SnapshotResponse,
  ValidateRequest,
  WatchResponse,
} from './generated/keepwatch/v1/lifecycle.js';

interface MessageType {
  fromPartial(value: object): object;
}

const asItIs = <Type extends MessageType>(type: Type): Type => ({
  ...type,
  fromPartial: (value: object) => ({ ...type.fromPartial({}), ...value }),
});

const { methods: lifecycle } = LifecycleServiceDefinition;

export const WholeLifecycleDefinition: typeof LifecycleServiceDefinition = {
  ...LifecycleServiceDefinition,
  methods: {
    ...lifecycle,
    validate: { ...lifecycle.validate, requestType: asItIs(ValidateRequest) },
    snapshot: { ...lifecycle.snapshot, responseType: asItIs(SnapshotResponse) },
    watch: { ...lifecycle.watch, responseType: asItIs(WatchResponse) },
  },
};

const { methods: ipvs } = IpvsServiceDefinition;

export const WholeIpvsDefinition: typeof IpvsServiceDefinition = {
  ...IpvsServiceDefinition,
  methods: { ...ipvs, apply: { ...ipvs.apply, requestType: asItIs(ApplyRequest) } },
};
