// Forms in, XML out.
import t from 'tap';
import { ec2Error } from './errors.ts';
import { encodeAnswer, encodeError, Form, set } from './protocol.ts';

t.test('lists are read in the order of their numbers, filters with their values', async (t) => {
  const form = new Form(
    'Action=X&Id.2=b&Id.10=c&Id.1=a&Filter.1.Name=vpc-id&Filter.1.Value.1=v&Filter.1.Value.2=w&DryRun=true&MaxResults=5',
  );
  t.strictSame(form.list('Id'), ['a', 'b', 'c']);
  t.strictSame(form.filters(), [{ name: 'vpc-id', values: ['v', 'w'] }]);
  t.equal(form.flag('DryRun'), true);
  t.equal(form.integer('MaxResults'), 5);
  t.equal(form.unread(), undefined);
});

t.test('what nobody reads is told', async (t) => {
  const form = new Form('Action=X&Version=2016-11-15&Colour=blue');
  t.equal(form.text('Missing'), undefined);
  t.equal(form.unread(), 'Colour');
});

t.test('a number that is none is told apart from none', async (t) => {
  t.ok(Number.isNaN(new Form('N=five').integer('N')));
  t.equal(new Form('').integer('N'), undefined);
});

t.test('answers and errors are XML, text is escaped, what is undefined is left out', async (t) => {
  const body = encodeAnswer('DescribeX', 'r-1', {
    xSet: set([{ name: 'a<b&c' }, { name: 'd', gone: undefined }]),
    token: undefined,
  });
  t.equal(
    body.split('\n')[1],
    '<DescribeXResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r-1</requestId>' +
      '<xSet><item><name>a&lt;b&amp;c</name></item><item><name>d</name></item></xSet></DescribeXResponse>',
  );
  t.equal(
    encodeError('r-2', ec2Error('Code', 'a "b"')).split('\n')[1],
    '<Response><Errors><Error><Code>Code</Code><Message>a &quot;b&quot;</Message></Error></Errors>' +
      '<RequestID>r-2</RequestID></Response>',
  );
});

t.test('an empty list is an empty element', async (t) => {
  t.match(encodeAnswer('DescribeX', 'r', { xSet: set([]) }), '<xSet></xSet>');
});
