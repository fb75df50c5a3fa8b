package streams;

import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;

/** The work on one purchase: known already? Points, balance, ledger record. */
final class PurchaseProcessor implements Processor<byte[], byte[], byte[], byte[]> {
    static final String MEMBERS = "members"; // the store

    private final Program program;
    private final boolean storeFollows; // of a purchase's entry the store itself takes the member's state
    private final Purchase purchase = new Purchase();
    private final Earning earning;
    private final LedgerRecord ledger = new LedgerRecord();
    private ProcessorContext<byte[], byte[]> context;
    private KeyValueStore<byte[], byte[]> members;

    PurchaseProcessor(Program program, boolean storeFollows) {
        this.program = program;
        this.storeFollows = storeFollows;
        earning = new Earning(program);
    }

    @Override
    public void init(ProcessorContext<byte[], byte[]> processorContext) {
        context = processorContext;
        members = context.getStateStore(MEMBERS);
    }

    @Override
    public void process(Record<byte[], byte[]> input) {
        purchase.read(input.value());
        byte[] member = members.get(input.key());
        Program.Tier tier = program.tiers.get(Member.tier(member));
        earning.calculate(purchase, tier.factor());
        long balance = Member.balance(member) + earning.points;
        if (!take(input.key(), Member.of(balance, Member.tier(member)))) return;
        context.forward(input.withValue(ledger.write(purchase, tier, earning, balance)));
    }

    /** False: the purchase is a repeat. */
    private boolean take(byte[] memberKey, byte[] memberAfter) {
        if (members.putIfAbsent(Member.purchaseKey(purchase), memberAfter) != null) return false;
        if (!storeFollows) members.put(memberKey, memberAfter);
        return true;
    }
}
