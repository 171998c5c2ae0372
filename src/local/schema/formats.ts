/** The formats that Kubernetes demands of names, keys and values (k8s.io/apimachinery, pkg/util/validation). */

/** Says what is wrong with a text, in the words that follow `Invalid value: "…":`, or undefined where nothing is. */
export type FormatCheck = (value: string) => string | undefined;

const LABEL_CHARS_MAX = 63;
const SUBDOMAIN_CHARS_MAX = 253;
const SERVICE_PORT_NAME_CHARS_MAX = 15;

const labelPattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const subdomainPattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const serviceNamePattern = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const qualifiedPattern = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

/** Names of containers, volumes and namespaces. */
export function checkDnsLabel(value: string): string | undefined {
  return (
    checkLength(value, LABEL_CHARS_MAX) ??
    whenNot(
      labelPattern.test(value),
      'a lowercase RFC 1123 label must consist of lower case letters, digits or "-", and must start and end with a letter or digit',
    )
  );
}

/** Names of most objects. */
export function checkDnsSubdomain(value: string): string | undefined {
  return (
    checkLength(value, SUBDOMAIN_CHARS_MAX) ??
    whenNot(
      subdomainPattern.test(value),
      'a lowercase RFC 1123 subdomain must consist of lower case letters, digits, "-" or ".", and must start and end with a letter or digit',
    )
  );
}

/** Names of services, which become names in DNS. */
export function checkServiceName(value: string): string | undefined {
  return (
    checkLength(value, LABEL_CHARS_MAX) ??
    whenNot(
      serviceNamePattern.test(value),
      'a DNS-1035 label must consist of lower case letters, digits or "-", start with a letter, and end with a letter or digit',
    )
  );
}

/** Keys of labels and annotations: `app`, `kwasm.sh/isolation`. */
export function checkQualifiedName(value: string): string | undefined {
  const slash = value.indexOf("/");
  const name = value.slice(slash + 1);
  const wrongPrefix = slash < 0 ? undefined : checkDnsSubdomain(value.slice(0, slash));
  if (wrongPrefix !== undefined) return `prefix part: ${wrongPrefix}`;
  return (
    checkLength(name, LABEL_CHARS_MAX) ??
    whenNot(
      qualifiedPattern.test(name),
      'name part must consist of letters, digits, "-", "_" or ".", and must start and end with a letter or digit',
    )
  );
}

/** Annotations have label keys, but for upper case, which their prefix may have. */
export function checkAnnotationKey(value: string): string | undefined {
  return checkQualifiedName(value.toLowerCase());
}

export function checkLabelValue(value: string): string | undefined {
  return (
    checkLength(value, LABEL_CHARS_MAX) ??
    whenNot(
      value === "" || qualifiedPattern.test(value),
      'a valid label must be empty or consist of letters, digits, "-", "_" or ".", and must start and end with a letter or digit',
    )
  );
}

/** Names of variables. Kubernetes takes any printable ASCII but `=` since 1.34. */
export function checkEnvName(value: string): string | undefined {
  return whenNot(
    /^[\x20-\x3c\x3e-\x7e]+$/.test(value),
    'a valid environment variable name must consist of printable ASCII characters other than "="',
  );
}

/** Names of ports (IANA service names). */
export function checkPortName(value: string): string | undefined {
  return (
    checkLength(value, SERVICE_PORT_NAME_CHARS_MAX) ??
    whenNot(/^[a-z0-9-]*$/.test(value), 'must contain only letters in lower case, digits, and "-"') ??
    whenNot(/[a-z]/.test(value), "must contain at least one letter in lower case") ??
    whenNot(!value.includes("--"), 'must not contain consecutive "-"') ??
    whenNot(!/^-|-$/.test(value), 'must not begin or end with "-"')
  );
}

/** Keys of ConfigMaps and Secrets, which become file names. */
export function checkConfigKey(value: string): string | undefined {
  return (
    checkLength(value, SUBDOMAIN_CHARS_MAX) ??
    whenNot(/^[-._a-zA-Z0-9]+$/.test(value), 'a valid config key must consist of letters, digits, "-", "_" or "."') ??
    whenNot(value !== "." && !value.startsWith(".."), 'must not be "." and must not start with ".."')
  );
}

/** A path below a volume's root, which nothing may lead out of. */
export function checkRelativePath(value: string): string | undefined {
  return (
    whenNot(!value.startsWith("/"), "must be a relative path") ??
    whenNot(!value.split("/").includes(".."), 'must not contain ".."') ??
    checkNoNul(value)
  );
}

function checkAbsolutePath(value: string): string | undefined {
  return whenNot(value.startsWith("/"), "must be an absolute path") ?? checkNoNul(value);
}

/** Where a volume is mounted. */
export function checkMountPath(value: string): string | undefined {
  return (
    whenNot(!value.includes(":"), 'must not contain ":"') ??
    whenNot(!value.split("/").includes(".."), 'must not contain ".."') ??
    checkAbsolutePath(value)
  );
}

/** What becomes an argument or a variable of a guest ends at its first NUL there. */
export function checkNoNul(value: string): string | undefined {
  return whenNot(!value.includes("\0"), "must not contain the character NUL");
}

export function checkBase64(value: string): string | undefined {
  const packed = value.replaceAll(/[\r\n]/g, "");
  return whenNot(
    packed.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(packed),
    'must be base64, as "base64 -w0 FILE" writes it; text as it is goes into stringData',
  );
}

export function checkPercent(value: string): string | undefined {
  return whenNot(/^[0-9]{1,4}%$/.test(value), 'must be an integer or a percentage such as "25%"');
}

export function checkHeaderName(value: string): string | undefined {
  return whenNot(/^[-A-Za-z0-9]+$/.test(value), 'a valid HTTP header must consist of letters, digits or "-"');
}

export function checkIpv4(value: string): string | undefined {
  const isAddress = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/.test(value);
  return whenNot(isAddress, "must be a valid IPv4 address");
}

function checkLength(value: string, charsMax: number): string | undefined {
  if (value === "") return "must not be empty";
  return whenNot(value.length <= charsMax, `must be no more than ${charsMax} characters`);
}

function whenNot(isRight: boolean, wrong: string): string | undefined {
  return isRight ? undefined : wrong;
}
