// SPDX-License-Identifier: MIT
// What a POST may be, for the stages that validate all of it. Only the fields that are matched have to be there, so
// that messages of the bench, which are made of few fields and much filling, pass.
import { z } from "zod";

const identified = z.object({ id: z.string().optional(), friendlyId: z.string().optional() });

const Machine = z.object({
  name: z.string().optional(),
  cpu: z.number(),
  memory: z.number(),
  centsPerMs: z.number().optional(),
});

const Waitpoint = identified.extend({
  index: z.number().optional(),
  type: z.string().optional(),
  completedAt: z.coerce.date().optional(),
  output: z.string().optional(),
  outputType: z.string().optional(),
  outputIsError: z.boolean().optional(),
});

const Run = identified.extend({
  isTest: z.boolean().optional(),
  isReplay: z.boolean().optional(),
  machine: Machine,
  attemptNumber: z.number().optional(),
  masterQueue: z.string().optional(),
  traceContext: z.record(z.unknown()).optional(),
  annotations: z.record(z.unknown()).optional(),
});

export const Dispatch = z.object({
  dequeuedMessage: z.object({
    version: z.string().optional(),
    dequeuedAt: z.coerce.date().optional(),
    workerQueueLength: z.number().optional(),
    snapshot: identified
      .extend({ executionStatus: z.string().optional(), description: z.string().optional() })
      .extend({ createdAt: z.coerce.date().optional() })
      .optional(),
    image: z.string().optional(),
    checkpoint: z.record(z.unknown()).optional(),
    completedWaitpoints: z.array(Waitpoint).optional(),
    backgroundWorker: identified.extend({ version: z.string() }),
    deployment: identified,
    run: Run,
    environment: identified.extend({ type: z.string().optional() }).optional(),
    organization: identified.optional(),
    project: identified.optional(),
    placementTags: z.array(z.object({ key: z.string(), values: z.array(z.string()) })).optional(),
  }),
});

export const PollHeaders = z.object({
  "x-trigger-workload-controller-id": z.string(),
  "x-trigger-worker-instance-name": z.string().optional(),
  "x-trigger-deployment-id": z.string(),
  "x-trigger-deployment-version": z.string(),
  "x-trigger-machine-cpu": z.coerce.number(),
  "x-trigger-machine-memory": z.coerce.number(),
});
