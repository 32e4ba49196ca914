import t from 'tap';
import { ObjectStore } from '../../../shared/kube/store.ts';

const object = (number: number) => ({
  metadata: { name: `n${number}`, uid: `uid-${number}`, resourceVersion: String(number) },
});

/** A store in which object 0 was removed, and after it as many others. */
function afterRemovals(others: number): ObjectStore<ReturnType<typeof object>> {
  const store = new ObjectStore<ReturnType<typeof object>>();
  for (let number = 0; number <= others; number++) {
    store.put(object(number));
    store.drop(object(number));
  }
  return store;
}

t.test('what was removed stays so, ten thousand removals later, too', async (t) => {
  const store = afterRemovals(9_999);
  store.upsert(object(0));
  t.equal(store.objects.size, 0);
});

t.test('not all that ever was is remembered', async (t) => {
  const store = afterRemovals(20_000);
  store.upsert(object(0));
  t.strictSame([...store.objects.keys()], ['n0']);
});
