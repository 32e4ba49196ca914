// Which strings the `format` of a schema accepts. Apart because each format is a little language of its own;
// formats that are not known are ignored, as on a real server.

const DATE_TIME = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;
const IPV4 = /^((25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(25[0-5]|2[0-4]\d|1?\d?\d)$/;
const UUID = /^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const DURATION = /^[+-]?(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h|d|w)((\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))*$/;

/** Whether `value` has the format; unknown formats accept everything. */
export function checkFormat(format: string, value: string): boolean {
  switch (format) {
    case 'date-time':
      return DATE_TIME.test(value) && !Number.isNaN(Date.parse(value));
    case 'date':
      return /^\d{4}-\d{2}-\d{2}$/.test(value) && !Number.isNaN(Date.parse(value));
    case 'ipv4':
      return IPV4.test(value);
    case 'ipv6':
      return value.includes(':') && URL.canParse(`http://[${value}]/`);
    case 'cidr':
      return isCidr(value);
    case 'uri':
      return URL.canParse(value);
    case 'uuid':
      return UUID.test(value);
    case 'byte':
      return BASE64.test(value);
    case 'duration':
      return value === '0' || DURATION.test(value);
    default:
      return true;
  }
}

function isCidr(value: string): boolean {
  const [address = '', bits = '', ...rest] = value.split('/');
  if (rest.length > 0 || !/^\d{1,3}$/.test(bits)) return false;
  if (IPV4.test(address)) return Number(bits) <= 32;
  return checkFormat('ipv6', address) && Number(bits) <= 128;
}
