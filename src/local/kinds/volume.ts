import {
  checkConfigKey,
  checkDnsLabel,
  checkDnsSubdomain,
  checkMountPath,
  checkRelativePath,
  type Cursor,
  flag,
  ignored,
  ignoredSo,
  integer,
  listOf,
  objectOf,
  oneOf,
  optional,
  quantity,
  required,
  type Schema,
  someText,
  withDefault,
} from "../schema/index.ts";
import type {
  ConfigMapVolumeSource,
  EmptyDirVolumeSource,
  KeyToPath,
  SecretVolumeSource,
  Volume,
  VolumeMount,
} from "./pod-spec.ts";

const FILE_MODE_MAX = 0o777;
const FILE_MODE_DEFAULT = 0o644;

/** Sources of volumes that Kubernetes has and one machine without a cluster cannot give. */
const otherSources = [
  "awsElasticBlockStore",
  "azureDisk",
  "azureFile",
  "cephfs",
  "cinder",
  "csi",
  "downwardAPI",
  "ephemeral",
  "fc",
  "flexVolume",
  "flocker",
  "gcePersistentDisk",
  "gitRepo",
  "glusterfs",
  "hostPath",
  "image",
  "iscsi",
  "nfs",
  "persistentVolumeClaim",
  "photonPersistentDisk",
  "portworxVolume",
  "projected",
  "quobyte",
  "rbd",
  "scaleIO",
  "storageos",
  "vsphereVolume",
];
const supportedSources = ["configMap", "secret", "emptyDir"] as const;

export function volumes(): Schema<readonly Volume[]> {
  return listOf(volume(), { uniqueBy: ["name", ({ name }) => name] });
}

function volume(): Schema<Volume> {
  const consequence = "the guest sees an empty directory in its place";
  return objectOf<Volume>({
    fields: {
      name: required(someText(checkDnsLabel)),
      configMap: optional(configMapSource()),
      secret: optional(secretSource()),
      emptyDir: optional(emptyDirSource()),
    },
    unsupported: Object.fromEntries(otherSources.map((source) => [source, ignoredSo(consequence)])),
    rule: checkSources,
  });
}

function checkSources(_volume: Volume, cursor: Cursor): void {
  const given = [...supportedSources, ...otherSources].filter((source) => cursor.field(source) !== undefined);
  if (given.length === 0) cursor.refuseNoChoice("Required value: must specify a volume type");
  const [, second] = given;
  if (second !== undefined) cursor.find(second).refuse("Forbidden: may not specify more than 1 volume type");
}

function fileMode(): Schema<number> {
  return integer(0, FILE_MODE_MAX);
}

function items(): Schema<readonly KeyToPath[]> {
  return listOf(
    objectOf<KeyToPath>({
      fields: {
        key: required(someText(checkConfigKey)),
        path: required(someText(checkRelativePath)),
        mode: optional(fileMode()),
      },
    }),
  );
}

function configMapSource(): Schema<ConfigMapVolumeSource> {
  return objectOf<ConfigMapVolumeSource>({
    fields: {
      name: required(someText(checkDnsSubdomain)),
      items: withDefault(items(), []),
      defaultMode: withDefault(fileMode(), FILE_MODE_DEFAULT),
      optional: optional(flag()),
    },
  });
}

function secretSource(): Schema<SecretVolumeSource> {
  return objectOf<SecretVolumeSource>({
    fields: {
      secretName: required(someText(checkDnsSubdomain)),
      items: withDefault(items(), []),
      defaultMode: withDefault(fileMode(), FILE_MODE_DEFAULT),
      optional: optional(flag()),
    },
  });
}

function emptyDirSource(): Schema<EmptyDirVolumeSource> {
  return objectOf<EmptyDirVolumeSource>({
    fields: { medium: optional(oneOf("", "Memory")), sizeLimit: optional(quantity()) },
  });
}

export function volumeMounts(): Schema<readonly VolumeMount[]> {
  return listOf(volumeMount(), { uniqueBy: ["mountPath", ({ mountPath }) => mountPath] });
}

function volumeMount(): Schema<VolumeMount> {
  return objectOf<VolumeMount>({
    fields: {
      name: required(someText()),
      mountPath: required(someText(checkMountPath)),
      readOnly: withDefault(flag(), false),
      subPath: optional(someText(checkRelativePath)),
    },
    unsupported: {
      subPathExpr: ignoredSo("the whole volume is mounted; use subPath"),
      mountPropagation: ignored("None"),
      recursiveReadOnly: ignored("Disabled"),
    },
  });
}
