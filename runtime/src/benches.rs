//! The pallets whose weights `scripts/weights` measures.

frame_benchmarking::define_benchmarks!(
    [pallet_kyc, Kyc]
    [pallet_licenses, Licenses]
    [pallet_oracles, Oracles]
    [pallet_availability, Availability]
    [pallet_rewards, Rewards]
    [pallet_price, Price]
    [pallet_sale, Sale]
    [pallet_pools, Pools]
    [pallet_governance, Governance]
    [pallet_nodes, Nodes]
    [pallet_draws, Draws]
    [pallet_jobs, Jobs]
);
