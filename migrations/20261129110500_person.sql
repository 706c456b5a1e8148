-- Who stands behind records of the audit. Apart from them, since they are for ever and chained: there a person is a commit and
-- the key that signed it, and here they have a name, which can be taken out.
create table audit_person (
    audit_id bigint not null,
    part text not null,
    name text not null,
    constraint audit_person_pk primary key (audit_id, part, name),
    constraint audit_person_audit foreign key (audit_id) references audit,
    constraint audit_person_part check (part in ('signer', 'approver'))
);
