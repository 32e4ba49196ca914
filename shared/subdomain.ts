// What may an object be called? Most kinds, EgressIPAMs and namespaces among them, as a DNS subdomain (RFC 1123). Apart because
// prefixes of labels are spelled alike.

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LONGEST = 253;

/** Lower-case letters, digits, `-` and `.`, up to 253 characters; an object of another name cannot exist. */
export function isSubdomain(text: string): boolean {
  return text.length <= LONGEST && SUBDOMAIN.test(text);
}
