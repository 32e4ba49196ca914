// Which updates of a HostSubnet are taken where the platform assigns, and how its annotation reads.
import t from 'tap';
import { cidr } from '../ipv4.ts';
import { formatIPConfig, parseIPConfig, whyIgnored } from './accept.ts';

const LIMIT = { capacity: 2, subnet: cidr('10.0.128.0/20') };

t.test('a HostSubnet is taken whole or ignored whole', async (t) => {
  const rows = [
    ['empties', {}, undefined],
    ['fits', { egressIPs: ['10.0.128.20', '10.0.128.21'] }, undefined],
    [
      'one too many',
      { egressIPs: ['10.0.128.20', '10.0.128.21', '10.0.128.22'] },
      '3 egress IPs exceed the capacity of 2',
    ],
    [
      'one outside',
      { egressIPs: ['10.0.128.20', '10.0.144.20'] },
      'egress IP 10.0.144.20 is not within 10.0.128.0/20',
    ],
    ['CIDR inside', { egressCIDRs: ['10.0.128.0/24'] }, undefined],
    ['CIDR outside', { egressCIDRs: ['10.0.0.0/16'] }, 'egress CIDR 10.0.0.0/16 is not within 10.0.128.0/20'],
    [
      'the SDN itself fills in what is over capacity',
      { egressCIDRs: ['10.0.128.0/24'], egressIPs: ['10.0.128.1', '10.0.128.2', '10.0.128.3'] },
      undefined,
    ],
  ] as const;
  for (const [title, update, why] of rows) t.equal(whyIgnored(update, LIMIT), why, title);
});

t.test('without the annotation only an empty HostSubnet is taken', async (t) => {
  t.equal(whyIgnored({ egressIPs: [] }, undefined), undefined);
  t.match(whyIgnored({ egressIPs: ['10.0.128.20'] }, undefined), 'no egress-ipconfig annotation');
});

t.test('the annotation is what OpenShift writes', async (t) => {
  const text = '[{"interface":"eni-1","ifaddr":{"ipv4":"10.0.128.0/20"},"capacity":{"ipv4":9,"ipv6":10}}]';
  t.equal(formatIPConfig('eni-1', { ...LIMIT, capacity: 9 }, 10), text);
  t.strictSame(parseIPConfig(text), { ...LIMIT, capacity: 9 });
  t.equal(parseIPConfig(text.replace('"ipv4":9', '"ip":4,"ipv4":9'))?.capacity, 4);
  for (const wrong of [undefined, '', '[]', '{}', '[{"ifaddr":{}}]', '[{}]'])
    t.equal(parseIPConfig(wrong), undefined);
});
